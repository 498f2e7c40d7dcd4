#include <linux/module.h>

static int __init card_init(void)
{
	return 0;
}

static void __exit card_exit(void)
{
}

module_init(card_init);
module_exit(card_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("card");
