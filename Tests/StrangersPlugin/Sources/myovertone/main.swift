import Laboratory
Overtone.main()
