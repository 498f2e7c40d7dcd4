# As much of kconfig as a step needs: it knows one option.
small_defconfig:
	echo CONFIG_KNOWN=m > .config

olddefconfig:
	grep '^CONFIG_KNOWN=' .config | tail -n 1 > .config.new
	mv .config.new .config

.PHONY: small_defconfig olddefconfig
