print("overtone")
