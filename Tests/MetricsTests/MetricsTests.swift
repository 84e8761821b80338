// tests of Metrics
