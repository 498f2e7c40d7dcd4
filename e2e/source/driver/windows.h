/* A header from another world. */
#define KMM_CI_WORLD "old"
