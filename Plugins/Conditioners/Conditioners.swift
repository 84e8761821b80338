// Conditioners
