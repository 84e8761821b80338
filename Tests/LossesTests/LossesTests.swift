// tests of Losses
