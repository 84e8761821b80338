// tests of Tokenizers
