// For pages that have no stream of their own: emergency calls appear on top of them.

import { watchEmergencies } from "./emergency.js";

watchEmergencies();
