"""Fabric + traffic -> certified throughput -> gap."""
