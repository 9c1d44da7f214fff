"""What the store holds, as lists: certificates, endpoints, holders, coverage."""
