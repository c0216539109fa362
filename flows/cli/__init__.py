"""The command line `kith`."""
