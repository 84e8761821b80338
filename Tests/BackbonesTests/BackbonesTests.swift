// tests of Backbones
