FROM docker.io/library/ubuntu:22.04
RUN apt-get update && apt-get install -y --no-install-recommends kmod pciutils && rm -rf /var/lib/apt/lists/*
COPY load.sh /usr/local/bin/load.sh
COPY driver.ko /drivers/driver.ko
CMD ["sh", "-c", "insmod /drivers/driver.ko || modprobe -d /drivers \"$(uname -r)\""]
