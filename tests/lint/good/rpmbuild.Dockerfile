ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN curl -fsSLO https://files.example.com/kmod-driver-1.0-1.src.rpm && echo "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd kmod-driver-1.0-1.src.rpm" | sha256sum -c
RUN rpmbuild --rebuild --define "kversion ${KERNEL_VERSION}" kmod-driver-1.0-1.src.rpm
RUN mkdir /root/x && cd /root/x && rpm2cpio /root/rpmbuild/RPMS/x86_64/*.rpm | cpio -idm && mkdir -p /opt/lib && mv lib/modules /opt/lib/
RUN depmod -b /opt ${KERNEL_VERSION}
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt/lib/modules /opt/lib/modules
