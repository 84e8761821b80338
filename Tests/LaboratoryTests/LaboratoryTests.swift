// tests of Laboratory
