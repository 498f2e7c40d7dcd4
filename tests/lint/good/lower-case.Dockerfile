arg DTK_AUTO
from ${DTK_AUTO} as Builder
arg KERNEL_VERSION
run git clone -b v1 https://git.example.com/d.git /d
run make -C /d KDIR=/lib/modules/$KERNEL_VERSION/build
run install -D /d/d.ko /opt/lib/modules/$KERNEL_VERSION/d.ko; depmod -b /opt $KERNEL_VERSION
from registry.access.redhat.com/ubi9/ubi-minimal:9.4
copy --from=builder /opt/lib/modules /opt/lib/modules
