// How a synthetic domain looks: the same anatomy, prepared and imaged in another way. Intensities run from 0
// (black) to 1 (white); lengths are in pixels of the source domain and grow with `scale`.
#pragma once

namespace masktwins::data {

struct SyntheticStyle {
  double scale = 1;

  double cytoplasm = 0.72;       // mean brightness
  double cell_variation = 0.05;  // standard deviation between cells
  double glia = 0.45;            // brightness of the dark processes between cells
  double texture = 0.10;         // standard deviation of the fine grain of the cytoplasm
  double texture_period = 3;
  double membrane = 0.12;  // brightness
  double membrane_width = 2.2;

  double matrix = 0.38;   // brightness of mitochondria
  double cristae = 0.16;  // amplitude of their stripes
  double cristae_period = 6.5;
  double envelope = 0.14;  // brightness of their outer membrane
  double mitochondrion_radius = 15;
  double elongation = 1.6;  // mean length of the spine over the radius

  // How many are tried per 512 x 512 source pixels.
  double mitochondria = 16;
  double lysosomes = 16;      // even blobs without membrane or cristae
  double vacuoles = 12;       // pale, with a thin membrane
  double reticula = 14;       // thin double lines
  double vesicle_clouds = 3;  // dense groups of small rings
  double lone_vesicles = 60;
  double lysosome_dark = 0.15, lysosome_pale = 0.42;  // brightness, between these
  double vesicle = 0.3;                               // brightness of the ring of a vesicle

  double blur = 0.6;            // standard deviation, pixels of the result
  double noise = 0.06;          // standard deviation of white noise
  double shading = 0.02;        // standard deviation of slow changes of brightness
  double gain = 1, offset = 0;  // final intensity = gain * v + offset
};

}  // namespace masktwins::data
