FROM docker.io/library/debian:12.6 AS builder
ARG KERNEL_VERSION
RUN apt-get update && apt-get install --yes dkms kmod linux-headers-${KERNEL_VERSION}
RUN git clone -b 2.1 https://git.example.com/v4l2.git /usr/src/v4l2-2.1
RUN dkms build -m v4l2 -v 2.1 -k ${KERNEL_VERSION} && dkms install --dkmsframework /opt -m v4l2 -v 2.1 -k ${KERNEL_VERSION}
RUN mkdir -p /opt/lib/modules/${KERNEL_VERSION}/updates && cp /var/lib/dkms/v4l2/2.1/${KERNEL_VERSION}/x86_64/module/*.ko /opt/lib/modules/${KERNEL_VERSION}/updates/
RUN depmod -b /opt ${KERNEL_VERSION}
FROM docker.io/library/debian:12.6-slim
COPY --from=builder /opt/lib /opt/lib
