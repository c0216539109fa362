"""When and why: the only place that knows Prefect, the clock and the configuration."""
