#include <linux/module.h>

static int __init demo_net_init(void)
{
	return 0;
}

static void __exit demo_net_exit(void)
{
}

module_init(demo_net_init);
module_exit(demo_net_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("demo_net");
