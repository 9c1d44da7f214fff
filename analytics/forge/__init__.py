"""Made-to-order certificates and captures: what the examples of rules are built from, without openssl or a network.

Everything is derived from names: the same recipe gives the same bytes on every machine. The private keys are therefore
public knowledge and good for nothing but examples.
"""
