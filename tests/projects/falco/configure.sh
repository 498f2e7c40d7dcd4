#!/bin/sh -e
# CMake writes the kmod's sources to build/driver/src; kbuild compiles them.
cmake -S . -B build -Wno-dev \
  -DUSE_BUNDLED_DEPS=ON -DCREATE_TEST_TARGETS=OFF -DENABLE_DRIVERS_TESTS=OFF \
  -DBUILD_LIBSCAP_GVISOR=OFF -DBUILD_LIBSCAP_MODERN_BPF=OFF -DBUILD_BPF=OFF \
  -DDRIVER_NAME=falco -DDRIVER_DEVICE_NAME=falco -DDRIVER_VERSION="$1"
