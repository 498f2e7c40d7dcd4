# Where the kernel is.
KDIR ?= /lib/modules/$(shell uname -r)/build
