#include <linux/module.h>

static int __init left_init(void)
{
	return 0;
}

static void __exit left_exit(void)
{
}

module_init(left_init);
module_exit(left_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("left");
