// tests of Autoregression
