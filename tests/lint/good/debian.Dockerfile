FROM docker.io/library/debian:bookworm-20240701 AS build
ARG KERNEL_VERSION
RUN apt-get update && apt-get install -y --no-install-recommends build-essential kmod "linux-headers-${KERNEL_VERSION}" \
 && rm -rf /var/lib/apt/lists/*
ADD --checksum=sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc https://files.example.com/d.tgz /d.tgz
RUN mkdir /src && tar xf /d.tgz -C /src
RUN make -C /lib/modules/$KERNEL_VERSION/build M=/src modules
RUN make -C "/lib/modules/$KERNEL_VERSION/build" M=/src INSTALL_MOD_PATH=/opt INSTALL_MOD_DIR=updates modules_install
RUN depmod -b /opt $KERNEL_VERSION && ln -s /lib/modules/$KERNEL_VERSION /opt/lib/modules/$KERNEL_VERSION/host
FROM docker.io/library/debian:bookworm-20240701-slim
COPY --from=build /opt/lib/modules /opt/lib/modules
