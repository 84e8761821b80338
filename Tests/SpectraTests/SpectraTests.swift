// tests of Spectra
