// AutoregressionTesting
