#include "data/class_table.h"

#include "tensor/check.h"

namespace masktwins::data {
namespace {

const ClassTable cityscapes = {
    .names = {"road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign",
              "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle",
              "bicycle"},
    .colors = {{128, 64, 128},
               {244, 35, 232},
               {70, 70, 70},
               {102, 102, 156},
               {190, 153, 153},
               {153, 153, 153},
               {250, 170, 30},
               {220, 220, 0},
               {107, 142, 35},
               {152, 251, 152},
               {70, 130, 180},
               {220, 20, 60},
               {255, 0, 0},
               {0, 0, 142},
               {0, 0, 70},
               {0, 60, 100},
               {0, 80, 100},
               {0, 0, 230},
               {119, 11, 32}},
    .groups = {{"16 classes of SYNTHIA", {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18}},
               {"13 classes of SYNTHIA", {0, 1, 2, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18}}},
    .label_ids = {7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33}};

const ClassTable camvid = {.names = {"sky", "building", "pole", "road", "pavement", "tree", "sign", "fence",
                                     "car", "pedestrian", "bicyclist"},
                           .colors = {{128, 128, 128},
                                      {128, 0, 0},
                                      {192, 192, 128},
                                      {128, 64, 128},
                                      {60, 40, 222},
                                      {128, 128, 0},
                                      {192, 128, 128},
                                      {64, 64, 128},
                                      {64, 0, 128},
                                      {64, 64, 0},
                                      {0, 128, 192}},
                           .groups = {},
                           .label_ids = {}};

}  // namespace

const ClassTable& class_table(const std::string& name) {
  if (name == "cityscapes") return cityscapes;
  if (name == "camvid") return camvid;
  fail("data.class_table: unknown '", name, "'; use cityscapes or camvid");
}

}  // namespace masktwins::data
