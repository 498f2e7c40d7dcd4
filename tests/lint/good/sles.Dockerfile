FROM registry.suse.com/bci/bci-base:15.6 AS builder
ARG KERNEL_VERSION
RUN zypper --non-interactive install gcc make kmod kernel-default-devel
RUN zypper -n in git-core
RUN git clone --branch v4 https://git.example.com/d.git /d
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/d modules && install -D /d/d.ko /opt/lib/modules/${KERNEL_VERSION}/extra/d.ko && depmod -b /opt ${KERNEL_VERSION}
FROM registry.suse.com/bci/bci-base:15.6
COPY --from=builder /opt/lib/modules /opt/lib/modules
