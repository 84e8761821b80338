import OvertoneCLI
Overtone.main()
