#include <linux/module.h>

int core_answer(void);

int core_answer(void)
{
	return 42;
}
EXPORT_SYMBOL_GPL(core_answer);

static int __init core_init(void)
{
	return 0;
}

static void __exit core_exit(void)
{
}

module_init(core_init);
module_exit(core_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("core");
