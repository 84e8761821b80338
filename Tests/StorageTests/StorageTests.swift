// tests of Storage
