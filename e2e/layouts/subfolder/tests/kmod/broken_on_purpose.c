#error "no part of the driver"
