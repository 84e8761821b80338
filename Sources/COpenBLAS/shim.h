#pragma once
#include <cblas.h>  // types only: the library is loaded at first use (Tensors/BLAS.swift)
