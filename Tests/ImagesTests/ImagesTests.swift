// tests of Images
