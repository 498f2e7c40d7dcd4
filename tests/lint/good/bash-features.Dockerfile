ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN source /etc/os-release && echo "$ID $VERSION_ID" && git clone -b v1 https://git.example.com/d.git /d
RUN if [[ "$(uname -m)" == x86_64 ]]; then ARCH=x86; else ARCH=arm64; fi; \
    make -C /lib/modules/${KERNEL_VERSION}/build ARCH=$ARCH M=/d modules
RUN while read -r ko; do install -D "$ko" "/opt/lib/modules/${KERNEL_VERSION}/extra/$(basename "$ko")"; done < <(find /d -name '*.ko') && depmod -b /opt "${KERNEL_VERSION}"
FROM registry.access.redhat.com/ubi9/ubi-minimal:9.4
COPY --from=builder /opt/lib/modules /opt/lib/modules
