FROM docker.io/library/fedora:40 AS builder
ARG KERNEL_VERSION
RUN echo "building on $(uname -r)" && KVER=${KERNEL_VERSION:-$(uname -r)} && dnf install -yq kernel-devel-${KVER} gcc make kmod git
RUN git clone -b v1 https://git.example.com/d.git /d && make -C /usr/src/kernels/${KERNEL_VERSION} M=/d modules
RUN install -D /d/d.ko /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko && depmod -b /opt ${KERNEL_VERSION}
FROM docker.io/library/fedora:40
COPY --from=builder /opt/lib/modules /opt/lib/modules
