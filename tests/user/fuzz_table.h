/* SPDX-License-Identifier: MIT
 *
 * What the fuzzer knows of system calls: for each a number and a letter for each argument. Left out
 * is what hits others for good: reboot, mount, the clock, segments of shared memory (they stay),
 * the terminal, and new groups and sessions (a round is ended by its groups).
 */
#ifndef TESTS_USER_FUZZ_TABLE_H
#define TESTS_USER_FUZZ_TABLE_H

#include <stdint.h>

/* f descriptor   p memory     P pointer or NULL  s path      S directory   n small number
 * l length       x flags      o open's flags     m mode      z signal      i process, own   I for
 * wait t thread       w word       a address, mapped  A its bytes r protection  M mapping's flags
 * k clone's flags   u futex's command   c clock  g any number             - 0 */
struct fuzz_call {
    uint16_t number;
    char kinds[7];
};

static const struct fuzz_call fuzz_calls[] = {
    {2, ""},         {3, "fpl"},      {4, "fpl"},      {5, "som"},      {6, "f"},
    {8, "sm"},       {9, "ss"},       {10, "s"},       {11, "sPP"},     {12, "S"},
    {14, "smg"},     {15, "sm"},      {16, "sgg"},     {19, "fgn"},     {20, ""},
    {24, ""},        {27, "n"},       {29, ""},        {33, "sn"},      {36, ""},
    {37, "iz"},      {38, "ss"},      {39, "sm"},      {40, "s"},       {41, "f"},
    {42, "p"},       {43, "P"},       {45, "a"},       {54, "fgp"},     {55, "fgg"},
    {60, "m"},       {63, "ff"},      {64, ""},        {75, "np"},      {76, "np"},
    {77, "np"},      {78, "pP"},      {83, "ss"},      {85, "spl"},     {87, "sx"},
    {91, "aA"},      {92, "sg"},      {93, "fg"},      {94, "fm"},      {95, "fgg"},
    {96, "ni"},      {97, "nin"},     {104, "npP"},    {105, "np"},     {114, "IPxP"},
    {115, "s"},      {116, "p"},      {118, "f"},      {119, ""},       {120, "kaPaP"},
    {122, "p"},      {125, "aAr"},    {132, "i"},      {133, "f"},      {140, "fggpn"},
    {142, "nPPPP"},  {143, "fn"},     {144, "aAx"},    {145, "fpn"},    {146, "fpn"},
    {147, "i"},      {148, "f"},      {150, "aA"},     {151, "aA"},     {152, "n"},
    {153, ""},       {154, "ip"},     {155, "ip"},     {156, "inp"},    {157, "i"},
    {158, ""},       {159, "n"},      {160, "n"},      {161, "ip"},     {162, "pP"},
    {163, "aAAxa"},  {168, "pnn"},    {172, "npggg"},  {173, ""},       {174, "zPPn"},
    {175, "nPPn"},   {176, "pn"},     {177, "pPpn"},   {178, "izp"},    {179, "pn"},
    {180, "fpl-gg"}, {181, "fpl-gg"}, {182, "sgg"},    {183, "pl"},     {184, "pp"},
    {185, "pp"},     {186, "PP"},     {187, "ffPl"},   {190, ""},       {191, "np"},
    {192, "aArMfn"}, {193, "s-gg"},   {194, "f-gg"},   {195, "sp"},     {196, "sp"},
    {197, "fp"},     {198, "sgg"},    {199, ""},       {203, "gg"},     {204, "gg"},
    {205, "np"},     {206, "np"},     {207, "fgg"},    {208, "ggg"},    {209, "ppp"},
    {210, "ggg"},    {211, "ppp"},    {212, "sgg"},    {213, "g"},      {214, "g"},
    {217, "fpl"},    {219, "aAp"},    {220, "aAn"},    {221, "fgp"},    {224, ""},
    {225, "fggn"},   {238, "tz"},     {239, "ffPl"},   {240, "wunpwg"}, {241, "tnp"},
    {242, "tnp"},    {248, "n"},      {250, "n"},      {251, "fnfp"},   {252, "fpnn"},
    {256, "P"},      {257, "cpp"},    {258, "gxpP"},   {259, "gp"},     {260, "g"},
    {261, "g"},      {263, "cp"},     {264, "cP"},     {265, "cxpP"},   {266, "snp"},
    {267, "fnp"},    {268, "itz"},    {269, "sp"},     {270, "fngggg"}, {280, "nIpxP"},
    {281, "nnn"},    {288, "nnnp"},   {289, "fplx"},   {290, "fplxPn"}, {291, "fplx"},
    {292, "fplxPP"}, {293, "fn"},     {305, "gax"},    {306, "a"},      {308, "gnP"},
    {320, "PpnaA"},  {322, "fsom"},   {323, "fsm"},    {324, "fsmg"},   {325, "fsggx"},
    {326, "fsp"},    {327, "fspx"},   {328, "fsx"},    {329, "fsfs"},   {330, "fsfsx"},
    {331, "sfs"},    {332, "fspl"},   {333, "fsm"},    {334, "fsn"},    {335, "nPPPpP"},
    {336, "pnPPn"},  {338, "pn"},     {339, "tpp"},    {340, "ffPllx"}, {341, "fngggg"},
    {342, "ffln"},   {345, "PPP"},    {346, "fpnxPn"}, {348, "fsPx"},   {349, "fpn"},
    {350, "nx"},     {351, "n"},      {352, "fngggg"}, {353, "fxpP"},   {354, "fp"},
    {356, "nx"},     {357, "x"},      {358, "ffx"},    {359, "px"},     {360, "x"},
    {361, "fpngg"},  {362, "fpngg"},  {363, "itzp"},   {369, "inPP"},   {373, "f"},
    {376, "ipnpnx"}, {378, "iiggg"},  {382, "fsfsx"},  {384, "-"},      {385, "sx"},
    {387, "fsPPx"},  {389, "nx"},     {390, "aAx"},    {391, "fPfPlx"}, {392, "fpnggx"},
    {393, "fpnggx"}, {397, "fsxxp"},  {398, "pnxg"},   {403, "cp"},     {406, "cP"},
    {407, "cxpP"},   {408, "gp"},     {409, "gxpP"},   {410, "fp"},     {411, "fxpP"},
    {412, "fsPx"},   {413, "nPPPpP"}, {414, "pnPPn"},  {421, "pPpn"},   {422, "wunpwg"},
    {423, "ip"},     {424, "izPx"},   {434, "ix"},     {435, "pn"},     {436, "nnx"},
    {437, "fspn"},   {438, "fnx"},    {439, "fsnx"},   {440, "fpnnx"},  {441, "fpnPP"},
    {449, "pnxpc"},
};

#endif
