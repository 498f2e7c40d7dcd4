MODULES := alpha beta
EXTRA := gamma
