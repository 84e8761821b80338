// tests of Directions
