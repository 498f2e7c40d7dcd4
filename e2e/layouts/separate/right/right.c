#include <linux/module.h>

static int __init right_init(void)
{
	return 0;
}

static void __exit right_exit(void)
{
}

module_init(right_init);
module_exit(right_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("right");
