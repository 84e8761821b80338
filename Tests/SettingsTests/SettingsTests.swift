// tests of Settings
