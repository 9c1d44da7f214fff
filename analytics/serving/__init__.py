"""An embedded store for other processes: the process that holds it answers ClickHouse's HTTP interface on loopback."""
