#include <linux/module.h>

static int __init beta_init(void)
{
	return 0;
}

static void __exit beta_exit(void)
{
}

module_init(beta_init);
module_exit(beta_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("beta");
