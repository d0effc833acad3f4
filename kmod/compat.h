/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that knows which kernel it is. HAVE_* come from Kbuild, which
 * looks into the headers: vendor trees backport single interfaces, so that a
 * version number alone would be wrong.
 */
#ifndef VLB_COMPAT_H
#define VLB_COMPAT_H

#include <linux/dma-map-ops.h>
#include <linux/eventfd.h>
#include <linux/preempt.h>
#include <linux/shmem_fs.h>
#include <linux/version.h>
#include <linux/virtio.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>

#ifdef CONFIG_HIGHMEM
#error "virtio_loopback copies through the linear map: build it for a kernel without CONFIG_HIGHMEM"
#endif

/* 6.12 gave CONFIG_DMA_OPS its new name; without either set_dma_ops() does nothing. */
#if defined(CONFIG_ARCH_HAS_DMA_OPS) || defined(CONFIG_DMA_OPS)
#define VLB_HAVE_DMA_OPS true
#else
#define VLB_HAVE_DMA_OPS false
#endif

#if defined(CONFIG_X86)
#define VLB_DMA_OPS_OPTION "CONFIG_GART_IOMMU=y or CONFIG_XEN=y"
#else
#define VLB_DMA_OPS_OPTION "CONFIG_XEN=y"
#endif

#ifdef HAVE_EVENTFD_SIGNAL_MASKLESS
static inline void vlb_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
#else
static inline void vlb_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx, 1);
}
#endif

/*
 * False inside the wake-up of an eventfd, where signalling another one would
 * recurse. 5.10 does not export its own test; wake-ups run with interrupts off.
 */
static inline bool vlb_eventfd_may_signal(void)
{
	/* Drivers kick under raw spinlocks, too, where PREEMPT_RT may not take the eventfd's. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		return false;
#ifdef HAVE_EVENTFD_SIGNAL_ALLOWED
	return eventfd_signal_allowed();
#else
	return !irqs_disabled();
#endif
}

static inline struct file *vlb_shmem_file(const char *name, loff_t size)
{
#ifdef HAVE_SHMEM_VMA_FLAGS
	return shmem_file_setup(name, size, EMPTY_VMA_FLAGS);
#else
	return shmem_file_setup(name, size, 0);
#endif
}

/* What dma_map_ops.map_sg returns when it cannot: 5.15 changed 0 to an errno. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 15, 0)
#define VLB_MAP_SG_FAILED (-ENOMEM)
#else
#define VLB_MAP_SG_FAILED 0
#endif

dma_addr_t vlb_map_phys(struct device *parent, phys_addr_t phys, size_t size,
			enum dma_data_direction dir, unsigned long attrs);
void vlb_unmap_phys(struct device *parent, dma_addr_t addr, size_t size,
		    enum dma_data_direction dir, unsigned long attrs);

#ifdef HAVE_MAP_PHYS
#define VLB_MAP_OPS	.map_phys = vlb_map_phys, .unmap_phys = vlb_unmap_phys
#define VLB_ATTR_NO_RAM DMA_ATTR_MMIO
#else
static inline dma_addr_t vlb_map_page(struct device *parent, struct page *page,
				      unsigned long offset, size_t size,
				      enum dma_data_direction dir, unsigned long attrs)
{
	return vlb_map_phys(parent, page_to_phys(page) + offset, size, dir, attrs);
}
#define VLB_MAP_OPS	.map_page = vlb_map_page, .unmap_page = vlb_unmap_phys
#define VLB_ATTR_NO_RAM 0UL
#endif

/* find_vqs() had three arrays before 6.11, and has one of structures since. */
#ifdef HAVE_VIRTQUEUE_INFO
#define VLB_VQ_PARAMS	   struct virtqueue_info vqs_info[]
#define VLB_VQ_NAME(i)	   (vqs_info[i].name)
#define VLB_VQ_CALLBACK(i) (vqs_info[i].callback)
#define VLB_VQ_CTX(i)	   (vqs_info[i].ctx)
#else
#define VLB_VQ_PARAMS	   vq_callback_t *callbacks[], const char *const names[], const bool *ctx
#define VLB_VQ_NAME(i)	   (names[i])
#define VLB_VQ_CALLBACK(i) (callbacks[i])
#define VLB_VQ_CTX(i)	   (ctx ? ctx[i] : false)
#endif

#ifdef HAVE_SYNCHRONIZE_CBS
#define VLB_OPS_BUS_NAME_AND_SYNC(name, sync) .bus_name = (name), .synchronize_cbs = (sync)
#else
#define VLB_OPS_BUS_NAME_AND_SYNC(name, sync) .bus_name = (name)
#endif

#ifndef VIRTIO_BLK_F_ZONED /* 6.2 */
#define VIRTIO_BLK_F_ZONED 17
#endif

#ifndef in_hardirq /* 5.11 */
#define in_hardirq() in_irq()
#endif

/*
 * A virtqueue that met a bad used entry is to work again. Linux has a way since 6.0. Without one a
 * disk's driver waits for its requests for ever, also when it is unbound, so on older kernels the flag
 * is found behind the public part of the structure: the fourth, from 5.10 to 5.19. Where that is
 * not it the queue stays as it was.
 */
static inline void vlb_unbreak_queue(struct virtqueue *vq)
{
#ifdef HAVE_UNBREAK_QUEUE
	__virtqueue_unbreak(vq);
#else
	u8 *broken = (u8 *)(vq + 1) + 3;

	if (!virtqueue_is_broken(vq) || READ_ONCE(*broken) != 1)
		return;
	WRITE_ONCE(*broken, 0);
	if (virtqueue_is_broken(vq))
		WRITE_ONCE(*broken, 1);
#endif
}

static inline void vlb_set_num_max(struct virtqueue *vq, unsigned int num)
{
#ifdef HAVE_VQ_NUM_MAX
	vq->num_max = num;
#endif
}

#endif /* VLB_COMPAT_H */
