#pragma once
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

// HDF5 names its types and property classes by macros, which Swift does not see.
static inline hid_t overtone_type_float32(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t overtone_type_float64(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t overtone_type_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t overtone_type_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t overtone_type_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t overtone_type_string(void) { return H5T_C_S1; }
static inline hid_t overtone_property_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t overtone_property_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t overtone_property_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t overtone_property_default(void) { return H5P_DEFAULT; }
static inline hsize_t overtone_unlimited(void) { return H5S_UNLIMITED; }
static inline size_t overtone_variable(void) { return H5T_VARIABLE; }
static inline unsigned overtone_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned overtone_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned overtone_truncate(void) { return H5F_ACC_TRUNC; }
// External links lead to other files, which a stranger's file must never make a program open: the class of these links
// is replaced by one that can be listed and leads nowhere.
static inline hid_t overtone_external_refused(
    const char *name, hid_t group, const void *value, size_t size, hid_t access, hid_t transfer) {
  return -1;
}
static inline ssize_t overtone_external_value(
    const char *name, const void *value, size_t size, void *buffer, size_t room) {
  if (buffer) memcpy(buffer, value, size < room ? size : room);
  return (ssize_t)size;
}
/// Opens the library, once, without external links; and keeps it from printing errors of its own, which is a setting of
/// each thread. Nothing of it runs when the program ends: after a full disk that would be a crash. Its locks are left
/// out unless the environment sets them: a reader of metrics.h5 would otherwise keep a training from appending to it.
static inline void overtone_hdf5_start(void) {
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
  H5dont_atexit();
  H5open();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  static int is_ready = 0;
  if (is_ready) return;
  is_ready = 1;
  static const H5L_class_t external = {
      H5L_LINK_CLASS_T_VERS, H5L_TYPE_EXTERNAL, "external links, which are not followed", NULL, NULL, NULL,
      overtone_external_refused, NULL, overtone_external_value};
  H5Lregister(&external);
}
