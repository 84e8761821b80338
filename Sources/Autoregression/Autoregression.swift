// Autoregression
