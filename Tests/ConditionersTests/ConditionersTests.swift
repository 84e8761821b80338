// tests of Conditioners
