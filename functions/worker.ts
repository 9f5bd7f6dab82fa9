import config from '../holdfast.config.js';
import { createEdge } from './edge.js';

export default createEdge(config);
