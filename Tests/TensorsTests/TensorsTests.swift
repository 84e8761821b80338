// tests of Tensors
